// y[p,o] = f(Σ_k x[p,k]·w[k,o] + bias[o]): ROWS positions x COLUMNS·4 outputs in registers, both operands by texelFetch;
// one product or several, each of PLACES positions with weights of its own
#define ROW_GROUPS ((PLACES + ROWS - 1) / ROWS)
#include "shared/epilogue.glsl"
#include "shared/weights.glsl"
void main() {
    int group = int(gl_WorkGroupID.x + first_group), product = group / ROW_GROUPS, row = group % ROW_GROUPS * ROWS;
    int lane_id = int(gl_LocalInvocationID.x), column = int(gl_WorkGroupID.y) * PANEL + lane_id;
    vec4 sum[ROWS][COLUMNS];
    int from[ROWS];
    for (int j = 0; j < COLUMNS; j++) {
        for (int i = 0; i < ROWS; i++) {
            sum[i][j] = vec4(0.0);
        }
    }
    for (int i = 0; i < ROWS; i++) {
        from[i] = (product * PLACES + min(row + i, PLACES - 1)) * IN0_C4;
    }
    for (int k4 = 0; k4 < IN0_C4; k4++) {
        vec4 w[4][COLUMNS];
        for (int lane = 0; lane < 4; lane++) {
            for (int j = 0; j < COLUMNS; j++) {
                // The last rows of an unpadded matrix are met by zeros of x.
                w[lane][j] = texel_in1(weight_at(product, min(4 * k4 + lane, WEIGHT_ROWS - 1), lane_id + j * LOCAL));
            }
        }
        // One row of sums at a time stays in registers over four steps of k.
        for (int i = 0; i < ROWS; i++) {
            vec4 a = lanes_in0(texel_in0(from[i] + k4), k4);
            for (int lane = 0; lane < 4; lane++) {
                for (int j = 0; j < COLUMNS; j++) {
                    sum[i][j] += a[lane] * w[lane][j];
                }
            }
        }
    }
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLUMNS; j++) {
            if (row + i < PLACES && column + j * LOCAL < OUT0_C4) {
                finish(product * PLACES + row + i, column + j * LOCAL, sum[i][j]);
            }
        }
    }
}
