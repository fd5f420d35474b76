// y[p,o] = f(Σ_k x[p,k]·w[k,o] + bias[o] + residual[p,o]), k = (u, v, c) and x[p,k] = x[n,c, i·s−top+u·d, j·s−left+v·d]:
// tiles of 64 positions x 64 outputs, 4 x 4 for each of 256 invocations
#define PLACES (OUT0_N * OUT0_H * OUT0_W)
#define STEP 16
#include "shared/epilogue.glsl"
#include "shared/weights.glsl"
shared float tile_x[STEP][64 + 4];
shared vec4 tile_w[STEP][16];
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
    int row = int(gl_WorkGroupID.x + first_group) * 64, column = int(gl_WorkGroupID.y) * 16;
    vec4 sum[4] = vec4[4](vec4(0.0), vec4(0.0), vec4(0.0), vec4(0.0));
    int place = min(row + id / 4, PLACES - 1), line = place / OUT0_W;
    ivec3 corner = ivec3(line / OUT0_H, line % OUT0_H * STRIDE - PAD_TOP, place % OUT0_W * STRIDE - PAD_LEFT);
    for (int k = 0; k < WEIGHT_ROWS; k += STEP) {
        // Each invocation brings one texel of either operand.
        vec4 a = window(corner, k / 4 + id % 4);
        for (int lane = 0; lane < 4; lane++) {
            tile_x[id % 4 * 4 + lane][id / 4] = a[lane];
        }
        tile_w[ty][tx] = texel_in1(weight_at(0, min(k + ty, WEIGHT_ROWS - 1), tx));
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
