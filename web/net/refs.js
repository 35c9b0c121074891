// The words by which answers are matched with what was asked: each once, and never those of another page of the same user. No page in here.

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
