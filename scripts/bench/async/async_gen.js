const n = +(process.argv[2] ?? 5000000);
async function* items() { for (let i = 0; i < n; i++) yield i & 7; }
(async () => { let total = 0; for await (const v of items()) total += v; console.log(total); })();
