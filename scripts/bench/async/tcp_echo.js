const net = require("node:net");
const n = +(process.argv[2] ?? 20000);
const server = net.createServer(s => s.on("data", d => s.write(d)));
function client(port, me, turns) {
  return new Promise(done => {
    let i = 0, total = 0, pending = 0;
    const s = net.connect(port, "127.0.0.1");
    const send = () => { const m = `message ${i++} from client ${me}\n`; pending = m.length; s.write(m); };
    s.on("connect", send);
    s.on("data", d => {
      total += d.length; pending -= d.length;
      if (pending === 0) { if (i < turns) send(); else { s.end(); done(total); } }
    });
  });
}
server.listen(0, "127.0.0.1", async () => {
  const all = [];
  for (let i = 0; i < 10; i++) all.push(client(server.address().port, i, Math.floor(n / 10)));
  console.log((await Promise.all(all)).reduce((a, b) => a + b));
  server.close();
});
