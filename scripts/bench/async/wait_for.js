const n = +(process.argv[2] ?? 40000);
async function reply(i) { await null; return i & 7; }
async function waitFor(promise, seconds) {
  let timer;
  const late = new Promise((_, no) => { timer = setTimeout(() => no(new Error("timeout")), seconds * 1000); });
  try { return await Promise.race([promise, late]); } finally { clearTimeout(timer); }
}
(async () => { let total = 0; for (let i = 0; i < n; i++) total += await waitFor(reply(i), 60); console.log(total); })();
