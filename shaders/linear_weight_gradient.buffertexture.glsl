// dW[o,i] = Σ_p dy[o,p]·x[i,p], in PARTS parts of the positions: ROWS·4 outputs x COLUMNS·4 inputs in registers
#define PLACES (IN0_N * IN0_H * IN0_W)
#define UNROLL 4
void main() {
    int row = int(gl_WorkGroupID.x + first_group) % ROW_GROUPS * ROWS, part = int(gl_WorkGroupID.x + first_group) / ROW_GROUPS;
    int column = int(gl_WorkGroupID.y) * LOCAL * COLUMNS + int(gl_LocalInvocationID.x);
    int size = (PLACES + PARTS - 1) / PARTS, end = min((part + 1) * size, PLACES);
    // Mesa keeps arrays in registers that loops index by their counters alone.
    vec4 sum[ROWS][4][COLUMNS];
    int i4[COLUMNS];
    for (int j = 0; j < COLUMNS; j++) {
        i4[j] = min(column + j * LOCAL, IN0_C4 - 1);
        for (int i = 0; i < ROWS; i++) {
            for (int lane = 0; lane < 4; lane++) {
                sum[i][lane][j] = vec4(0.0);
            }
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
                vec4 texel = texel_in1(min(p + s, end - 1) * IN1_C4 + min(row + i, IN1_C4 - 1));
                a[s] = p + s < end ? texel : vec4(0.0);
            }
            for (int lane = 0; lane < 4; lane++) {
                for (int s = 0; s < UNROLL; s++) {
                    for (int j = 0; j < COLUMNS; j++) {
                        sum[i][lane][j] += a[s][lane] * b[s][j];
                    }
                }
            }
        }
    }
    for (int i = 0; i < ROWS; i++) {
        for (int lane = 0; lane < 4; lane++) {
            int o = 4 * (row + i) + lane;
            for (int j = 0; j < COLUMNS; j++) {
                if (o < IN1_C && column + j * LOCAL < IN0_C4) {
                    put4_out0(part * IN1_C + o, column + j * LOCAL, sum[i][lane][j]);
                }
            }
        }
    }
}
