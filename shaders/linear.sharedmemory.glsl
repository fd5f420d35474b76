// y[p,o] = f(Σ_k x[p,k]·w[k,o] + bias[o]): tiles of 64 positions x 64 outputs, 4 x 4 for each of 256 invocations
#define STEP 16
#include "shared/epilogue.glsl"
#include "shared/weights.glsl"
shared float tile_x[STEP][64 + 4];
shared vec4 tile_w[STEP][16];
void main() {
    int id = int(gl_LocalInvocationID.x), tx = id % 16, ty = id / 16;
    int row = int(gl_WorkGroupID.x + first_group) * 64, column = int(gl_WorkGroupID.y) * 16;
    vec4 sum[4] = vec4[4](vec4(0.0), vec4(0.0), vec4(0.0), vec4(0.0));
    int from = min(row + id / 4, PLACES - 1) * IN0_C4;
    for (int k = 0; k < 4 * IN0_C4; k += STEP) {
        // Each invocation brings one texel of either operand.
        int k4 = k / 4 + id % 4, kw = k + ty;
        vec4 a = k4 < IN0_C4 ? lanes_in0(texel_in0(from + k4), k4) : vec4(0.0);
        for (int lane = 0; lane < 4; lane++) {
            tile_x[id % 4 * 4 + lane][id / 4] = a[lane];
        }
        tile_w[ty][tx] = texel_in1(weight_at(0, min(kw, WEIGHT_ROWS - 1), tx));
        barrier();
        for (int s = 0; s < STEP; s++) {
            vec4 w = tile_w[s][tx];
            for (int i = 0; i < 4; i++) {
                sum[i] += tile_x[s][ty * 4 + i] * w;
            }
        }
        barrier();
    }
    for (int i = 0; i < 4; i++) {
        if (row + ty * 4 + i < PLACES && column + tx < OUT0_C4) {
            finish(row + ty * 4 + i, column + tx, sum[i]);
        }
    }
}
