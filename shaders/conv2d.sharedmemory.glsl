// y[p,o] = f(Σ_k x[p,k]·w[k,o] + bias[o] + residual[p,o]), k = (u, v, c) and x[p,k] = x[n,c, i·s−top+u·d, j·s−left+v·d]:
// tiles of TILE positions x COLUMNS·64 outputs, ROWS x 4·COLUMNS for each of 256 invocations
#define PLACES (OUT0_N * OUT0_H * OUT0_W)
#define STEP 16
#define TILE (16 * ROWS)
// Texels of x that an invocation brings at each step.
#define LOADS ((4 * TILE + LOCAL - 1) / LOCAL)
#include "shared/epilogue.glsl"
#include "shared/weights.glsl"
shared float tile_x[STEP][TILE + 4];
shared vec4 tile_w[STEP][16 * COLUMNS];
// Texel k4 of the window at the output place whose first sample is (n, y, x).
vec4 window(ivec3 corner, int k4) {
    int c4 = k4 % IN0_C4, uv = k4 / IN0_C4;
    int y = corner.y + uv / KERNEL * DILATION, x = corner.z + uv % KERNEL * DILATION;
    bool inside = uv < KERNEL * KERNEL && y >= 0 && y < IN0_H && x >= 0 && x < IN0_W;
    vec4 v = texel_in0(inside ? place_in0(corner.x, y, x) * IN0_C4 + c4 : 0);
    return inside ? lanes_in0(v, c4) : vec4(0.0);
}
void main() {
    int id = int(gl_LocalInvocationID.x), tx = id % 16, ty = id / 16;
    int row = int(gl_WorkGroupID.x + first_group) * TILE, column = int(gl_WorkGroupID.y) * PANEL;
    vec4 sum[ROWS][COLUMNS];
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLUMNS; j++) {
            sum[i][j] = vec4(0.0);
        }
    }
    ivec3 corner[LOADS];
    for (int l = 0; l < LOADS; l++) {
        int place = min(row + (id + l * LOCAL) / 4, PLACES - 1), line = place / OUT0_W;
        corner[l] = ivec3(line / OUT0_H, line % OUT0_H * STRIDE - PAD_TOP, place % OUT0_W * STRIDE - PAD_LEFT);
    }
    for (int k = 0; k < WEIGHT_ROWS; k += STEP) {
        // The invocations bring the texels of both operands in turn.
        for (int l = 0; l < LOADS; l++) {
            int at = id + l * LOCAL;
            vec4 a = window(corner[l], k / 4 + at % 4);
            if (at < 4 * TILE) {
                for (int lane = 0; lane < 4; lane++) {
                    tile_x[at % 4 * 4 + lane][at / 4] = a[lane];
                }
            }
        }
        for (int j = 0; j < COLUMNS; j++) {
            tile_w[ty][tx + 16 * j] = texel_in1(weight_at(0, min(k + ty, WEIGHT_ROWS - 1), tx + 16 * j));
        }
#include "shared/tiles.sharedmemory.glsl"
    }
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLUMNS; j++) {
            if (row + ty * ROWS + i < PLACES && column + tx + 16 * j < OUT0_C4) {
                finish(row + ty * ROWS + i, column + tx + 16 * j, sum[i][j]);
            }
        }
    }
}
