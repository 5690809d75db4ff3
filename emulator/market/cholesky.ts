/** Lower triangular L with L·Lᵀ = matrix. Throws RangeError when the matrix is not positive definite. */
export function cholesky(matrix: readonly (readonly number[])[]): number[][] {
  const lower: number[][] = matrix.map(() => []);
  for (const [row, source] of matrix.entries()) {
    const target = lower[row] ?? [];
    for (let column = 0; column <= row; column++) {
      let sum = source[column] ?? 0;
      for (let k = 0; k < column; k++) sum -= (target[k] ?? 0) * (lower[column]?.[k] ?? 0);
      if (column < row) target.push(sum / (lower[column]?.[column] ?? 1));
      else if (sum > 0) target.push(Math.sqrt(sum));
      else throw new RangeError('the correlation matrix is not positive definite');
    }
  }
  return lower;
}
