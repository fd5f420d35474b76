// dW[o,i] = Σ_p dy[o,p]·x[i,p], in PARTS parts of the positions: ROWS·4 outputs x COLUMNS·4 inputs in registers
#define PLACES (IN0_N * IN0_H * IN0_W)
#define UNROLL 4
void main() {
    int row = int(gl_WorkGroupID.x + first_group) % ROW_GROUPS * ROWS, part = int(gl_WorkGroupID.x + first_group) / ROW_GROUPS;
    int column = int(gl_WorkGroupID.y) * LOCAL * COLUMNS + int(gl_LocalInvocationID.x);
    int size = (PLACES + PARTS - 1) / PARTS, end = min((part + 1) * size, PLACES);
    vec4 sum[4 * ROWS][COLUMNS];
    int i4[COLUMNS];
    for (int j = 0; j < COLUMNS; j++) {
        i4[j] = min(column + j * LOCAL, IN0_C4 - 1);
        for (int i = 0; i < 4 * ROWS; i++) {
            sum[i][j] = vec4(0.0);
        }
    }
    for (int p = part * size; p < end; p += UNROLL) {
        vec4 b[UNROLL][COLUMNS];
        for (int s = 0; s < UNROLL; s++) {
            for (int j = 0; j < COLUMNS; j++) {
                b[s][j] = texel_in0(min(p + s, end - 1) * IN0_C4 + i4[j]);
            }
        }
        for (int i = 0; i < ROWS; i++) {
            vec4 a[UNROLL];
            for (int s = 0; s < UNROLL; s++) {
                a[s] = p + s < end ? texel_in1((p + s) * IN1_C4 + min(row + i, IN1_C4 - 1)) : vec4(0.0);
            }
            for (int lane = 0; lane < 4; lane++) {
                for (int s = 0; s < UNROLL; s++) {
                    for (int j = 0; j < COLUMNS; j++) {
                        sum[4 * i + lane][j] += a[s][lane] * b[s][j];
                    }
                }
            }
        }
    }
    for (int i = 0; i < 4 * ROWS; i++) {
        for (int j = 0; j < COLUMNS; j++) {
            if (4 * row + i < IN1_C && column + j * LOCAL < IN0_C4) {
                put4_out0(part * IN1_C + 4 * row + i, column + j * LOCAL, sum[i][j]);
            }
        }
    }
}
