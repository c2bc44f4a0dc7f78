const n = +(process.argv[2] ?? 5000000);
const leaf = async i => i & 3;
(async () => { let total = 0; for (let i = 0; i < n; i++) total += await leaf(i); console.log(total); })();
