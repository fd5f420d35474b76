// y[n,o,i,j] = f(Σ_c Σ_u Σ_v w[o,c,u,v]·x[n, g·C/G+c, i·s−top+u·d, j·s−left+v·d] + bias[o] + residual[n,o,i,j])
#include "shared/epilogue.glsl"
#define OUT_PER_GROUP (OUT0_C / GROUPS)
void kernel(int n, int c4, int y, int x) {
    vec4 sum = vec4(0.0);
    for (int u = 0; u < KERNEL; u++) {
        for (int v = 0; v < KERNEL; v++) {
            int yy = y * STRIDE - PAD_TOP + u * DILATION, xx = x * STRIDE - PAD_LEFT + v * DILATION;
            if (yy < 0 || yy >= IN0_H || xx < 0 || xx >= IN0_W) {
                continue;
            }
#if IN1_C == 1 && OUT_PER_GROUP == 1
            vec4 w;
            for (int lane = 0; lane < 4; lane++) {
                w[lane] = load_in1(min(4 * c4 + lane, OUT0_C - 1), 0, u, v);
            }
            sum += w * load4_in0(n, c4, yy, xx);
#else
            for (int lane = 0; lane < 4; lane++) {
                int o = min(4 * c4 + lane, OUT0_C - 1), first = o / OUT_PER_GROUP * IN1_C;
#if IN1_C % 4 == 0 || GROUPS == 1
                for (int i4 = 0; i4 < IN1_C4; i4++) {
                    sum[lane] += dot(load4_in1(o, i4, u, v), load4_in0(n, first / 4 + i4, yy, xx));
                }
#else
                for (int c = 0; c < IN1_C; c++) {
                    sum[lane] += load_in1(o, c, u, v) * load_in0(n, first + c, yy, xx);
                }
#endif
            }
#endif
        }
    }
    finish(place_out0(n, y, x), c4, sum);
}
