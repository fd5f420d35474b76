// y[p,o] = f(Σ_k x[p,k]·w[k,o] + bias[o]): tiles of TILE positions x COLUMNS·64 outputs, ROWS x 4·COLUMNS for each of 256
// invocations; one product or several, each of PLACES positions with weights of its own
#define STEP 16
#define TILE (16 * ROWS)
#define ROW_GROUPS ((PLACES + TILE - 1) / TILE)
#include "shared/epilogue.glsl"
#include "shared/weights.glsl"
shared float tile_x[STEP][TILE + 4];
shared vec4 tile_w[STEP][16 * COLUMNS];
void main() {
    int id = int(gl_LocalInvocationID.x), tx = id % 16, ty = id / 16;
    int group = int(gl_WorkGroupID.x + first_group), product = group / ROW_GROUPS, row = group % ROW_GROUPS * TILE;
    int column = int(gl_WorkGroupID.y) * PANEL;
    vec4 sum[ROWS][COLUMNS];
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLUMNS; j++) {
            sum[i][j] = vec4(0.0);
        }
    }
    for (int k = 0; k < 4 * IN0_C4; k += STEP) {
        // The invocations bring the texels of both operands in turn.
        for (int at = id; at < 4 * TILE; at += LOCAL) {
            int k4 = k / 4 + at % 4, place = product * PLACES + min(row + at / 4, PLACES - 1);
            vec4 a = k4 < IN0_C4 ? lanes_in0(texel_in0(place * IN0_C4 + k4), k4) : vec4(0.0);
            for (int lane = 0; lane < 4; lane++) {
                tile_x[at % 4 * 4 + lane][at / 4] = a[lane];
            }
        }
        for (int j = 0; j < COLUMNS; j++) {
            tile_w[ty][tx + 16 * j] = texel_in1(weight_at(product, min(k + ty, WEIGHT_ROWS - 1), tx + 16 * j));
        }
#include "shared/tiles.sharedmemory.glsl"
    }
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLUMNS; j++) {
            int place = row + ty * ROWS + i;
            if (place < PLACES && column + tx + 16 * j < OUT0_C4) {
                finish(product * PLACES + place, column + tx + 16 * j, sum[i][j]);
            }
        }
    }
}
