const n = +(process.argv[2] ?? 200000);
const fresh = () => { let set; const promise = new Promise(r => { set = r; }); return { promise, set }; };
const slots = [fresh(), fresh()];
async function player(me, turns) {
  let total = 0;
  for (let i = 0; i < turns; i++) {
    const value = await slots[me].promise;
    slots[me] = fresh();
    total = (total * 7 + value) % 1000003;
    slots[1 - me].set(value + 1);
  }
  return total;
}
const players = [player(0, Math.floor(n / 2)), player(1, Math.floor(n / 2))];
slots[0].set(0);
Promise.all(players).then(([a, b]) => console.log(`${a} ${b}`));
