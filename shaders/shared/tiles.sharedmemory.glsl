        // The sums grow by the product of the tiles that all have filled.
        barrier();
        for (int s = 0; s < STEP; s++) {
            vec4 w[COLUMNS];
            for (int j = 0; j < COLUMNS; j++) {
                w[j] = tile_w[s][tx + 16 * j];
            }
            for (int i = 0; i < ROWS; i++) {
                for (int j = 0; j < COLUMNS; j++) {
                    sum[i][j] += tile_x[s][ty * ROWS + i] * w[j];
                }
            }
        }
        barrier();
