// Makes the `ref`s that match answers with requests. Each is used once, and no other page of the same user makes the same ones.

export class Refs {
  /** @param {string} kind what the messages are about */
  constructor(kind) {
    this.prefix = `${kind}-${Math.random().toString(36).slice(2, 8)}-`;
    this.count = 0;
  }

  next() {
    this.count += 1;
    return this.prefix + this.count;
  }

  /** Whether a `ref` was made here. @param {string} ref */
  has(ref) {
    return ref.startsWith(this.prefix);
  }
}
