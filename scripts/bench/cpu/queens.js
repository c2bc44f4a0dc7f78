function place(n, row, cols, up, down) {
  if (row === n) return 1;
  let found = 0;
  for (let c = 0; c < n; c++) {
    if (cols[c] && up[row + c] && down[row - c + n]) {
      cols[c] = up[row + c] = down[row - c + n] = false;
      found += place(n, row + 1, cols, up, down);
      cols[c] = up[row + c] = down[row - c + n] = true;
    }
  }
  return found;
}
const n = +(process.argv[2] ?? 12), yes = k => new Array(k).fill(true);
console.log(place(n, 0, yes(n), yes(2 * n), yes(2 * n + 1)));
