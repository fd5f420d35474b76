// dW[o,i] = Σ_p dy[o,p]·x[i,p], in PARTS parts of the positions: tiles of 64 outputs x 64 inputs, 4 x 4 for each of 256 invocations
#define PLACES (IN0_N * IN0_H * IN0_W)
#define STEP 16
shared vec4 tile_dy[STEP][16];
shared vec4 tile_x[STEP][16];
void main() {
    int id = int(gl_LocalInvocationID.x), tx = id % 16, ty = id / 16;
    int row = int(gl_WorkGroupID.x + first_group) % ROW_GROUPS * 16, part = int(gl_WorkGroupID.x + first_group) / ROW_GROUPS;
    int column = int(gl_WorkGroupID.y) * 16;
    int size = (PLACES + PARTS - 1) / PARTS, end = min((part + 1) * size, PLACES);
    vec4 sum[4] = vec4[4](vec4(0.0), vec4(0.0), vec4(0.0), vec4(0.0));
    for (int p = part * size; p < end; p += STEP) {
        bool inside = p + ty < end;
        int at = inside ? p + ty : end - 1;
        tile_dy[ty][tx] = inside ? texel_in1(at * IN1_C4 + min(row + tx, IN1_C4 - 1)) : vec4(0.0);
        tile_x[ty][tx] = texel_in0(at * IN0_C4 + min(column + tx, IN0_C4 - 1));
        barrier();
        for (int s = 0; s < STEP; s++) {
            vec4 a = tile_dy[s][ty], b = tile_x[s][tx];
            for (int i = 0; i < 4; i++) {
                sum[i] += a[i] * b;
            }
        }
        barrier();
    }
    for (int i = 0; i < 4; i++) {
        int o = 4 * (row + ty) + i;
        if (o < IN1_C && column + tx < IN0_C4) {
            put4_out0(part * IN1_C + o, column + tx, sum[i]);
        }
    }
}
