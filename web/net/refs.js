// Makes the `ref`s by which answers are matched with requests: each is used once, and never by another page of the same user.

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

  /** Whether it is one of these. @param {string} ref */
  has(ref) {
    return ref.startsWith(this.prefix);
  }
}
