/* A parameter of variable shape. */
int sum_matrix(int rows, int columns, int m[rows][columns]) {
  int sum = 0;
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++) sum += m[i][j];
  return sum;
}
