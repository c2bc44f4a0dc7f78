// 100 async functions that give way in turn.
const n = +(process.argv[2] ?? 300000);
let acc = 0;
async function spin(me, turns) {
  for (let i = 0; i < turns; i++) { acc = (acc * 31 + me) % 1000003; await null; }
}
const all = [];
for (let i = 0; i < 100; i++) all.push(spin(i, Math.floor(n / 100)));
Promise.all(all).then(() => console.log(acc));
