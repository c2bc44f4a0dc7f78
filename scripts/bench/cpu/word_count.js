function* lines(n) {
  const words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"];
  let seed = 12345n;
  for (let k = 0; k < n; k++) {
    const parts = [];
    for (let i = 0; i < 10; i++) {
      seed = (seed * 1103515245n + 12345n) % 2147483648n;
      const s = Number(seed);
      parts.push(words[Math.floor(s / 65536) % 10] + String(Math.floor(s / 1024) % 50));
    }
    yield parts.join(" ");
  }
}
const counts = new Map();
for (const line of lines(+(process.argv[2] ?? 60000))) for (const w of line.split(" ")) counts.set(w, (counts.get(w) ?? 0) + 1);
const ranked = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
console.log(`${counts.size} ${ranked.slice(0, 5).map(([w, c]) => `${w}=${c}`).join(" ")}`);
