const n = +(process.argv[2] ?? 60000);
let acc = 0;
class Lock {
  constructor() { this.locked = false; this.waiters = []; this.head = 0; }
  async acquire() {
    if (!this.locked && this.head === this.waiters.length) { this.locked = true; return; }
    await new Promise(r => this.waiters.push(r));
  }
  release() {
    if (this.head < this.waiters.length) {
      this.waiters[this.head++]();
      if (this.head > 1024) { this.waiters.splice(0, this.head); this.head = 0; }
    } else this.locked = false;
  }
}
const lock = new Lock();
async function worker(me, turns) {
  for (let i = 0; i < turns; i++) {
    await lock.acquire();
    try { acc = (acc * 31 + me) % 1000003; await null; } finally { lock.release(); }
  }
}
const all = [];
for (let i = 0; i < 50; i++) all.push(worker(i, Math.floor(n / 50)));
Promise.all(all).then(() => console.log(acc));
