// A bounded queue of promises, ten places.
const n = +(process.argv[2] ?? 200000);
class Queue {
  constructor(max) { this.max = max; this.items = []; this.head = 0; this.getters = []; this.putters = []; }
  size() { return this.items.length - this.head; }
  async put(v) {
    while (this.size() >= this.max) await new Promise(r => this.putters.push(r));
    this.items.push(v);
    if (this.getters.length) this.getters.shift()();
  }
  async get() {
    while (this.size() === 0) await new Promise(r => this.getters.push(r));
    const v = this.items[this.head++];
    if (this.head > 1024) { this.items.splice(0, this.head); this.head = 0; }
    if (this.putters.length) this.putters.shift()();
    return v;
  }
}
const q = new Queue(10);
(async () => { for (let i = 0; i < n; i++) await q.put(i); await q.put(null); })();
(async () => {
  let total = 0, v;
  while ((v = await q.get()) !== null) total = (total * 5 + v) % 1000003;
  console.log(total);
})();
