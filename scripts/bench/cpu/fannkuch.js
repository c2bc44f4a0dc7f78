function fannkuch(n) {
  const perm = [], count = [];
  for (let i = 0; i < n; i++) { perm.push(i); count.push(0); }
  let most = 0, checksum = 0, index = 0, r = n;
  for (;;) {
    while (r !== 1) { count[r - 1] = r; r--; }
    const flipped = perm.slice();
    let flips = 0, k = flipped[0];
    while (k) {
      for (let i = 0, j = k; i < j; i++, j--) { const t = flipped[i]; flipped[i] = flipped[j]; flipped[j] = t; }
      flips++; k = flipped[0];
    }
    if (flips > most) most = flips;
    checksum += index % 2 === 0 ? flips : -flips;
    for (;;) {
      if (r === n) return [checksum, most];
      const first = perm[0];
      for (let i = 0; i < r; i++) perm[i] = perm[i + 1];
      perm[r] = first;
      if (--count[r] > 0) break;
      r++;
    }
    index++;
  }
}
console.log(fannkuch(+(process.argv[2] ?? 9)).join(" "));
