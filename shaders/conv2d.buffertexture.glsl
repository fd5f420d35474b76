// y[n,o,i,j] = f(Σ_u Σ_v Σ_c x[n,c, i·s−top+u·d, j·s−left+v·d]·w[(u,v,c), o] + bias[o] + residual[n,o,i,j]):
// ROWS neighbours along j x COLUMNS·4 outputs in registers; neighbours share the texels of x that their windows share
#include "shared/epilogue.glsl"
#define BLOCKS ((OUT0_W + ROWS - 1) / ROWS)
// Of a few channels only those there are take part.
#define LANES (IN0_C < 4 ? IN0_C : 4)
#define SPAN ((ROWS - 1) * STRIDE + (KERNEL - 1) * DILATION + 1)
void main() {
    int block = int(gl_WorkGroupID.x + first_group), line = block / BLOCKS;
    int n = line / OUT0_H, y = line % OUT0_H, x = block % BLOCKS * ROWS;
    int column = int(gl_WorkGroupID.y) * LOCAL * COLUMNS + int(gl_LocalInvocationID.x);
    vec4 sum[ROWS][COLUMNS];
    int o4[COLUMNS];
    for (int j = 0; j < COLUMNS; j++) {
        o4[j] = min(column + j * LOCAL, OUT0_C4 - 1);
        for (int i = 0; i < ROWS; i++) {
            sum[i][j] = vec4(0.0);
        }
    }
    for (int u = 0; u < KERNEL; u++) {
        int yy = y * STRIDE - PAD_TOP + u * DILATION;
        bool lies = yy >= 0 && yy < IN0_H;
        for (int k4 = 0; k4 < IN0_C4; k4++) {
            vec4 w[KERNEL][LANES][COLUMNS], a[SPAN];
            for (int v = 0; v < KERNEL; v++) {
                for (int lane = 0; lane < LANES; lane++) {
                    for (int j = 0; j < COLUMNS; j++) {
                        w[v][lane][j] = texel_in1((((u * KERNEL + v) * IN0_C4 + k4) * 4 + lane) * OUT0_C4 + o4[j]);
                    }
                }
            }
            for (int i = 0; i < SPAN; i++) {
                int xx = x * STRIDE - PAD_LEFT + i;
                bool inside = lies && xx >= 0 && xx < IN0_W;
                vec4 texel = texel_in0(place_in0(n, inside ? yy : 0, inside ? xx : 0) * IN0_C4 + k4);
                a[i] = inside ? lanes_in0(texel, k4) : vec4(0.0);
            }
            // One row of sums at a time stays in registers over the window's row.
            for (int i = 0; i < ROWS; i++) {
                for (int v = 0; v < KERNEL; v++) {
                    for (int lane = 0; lane < LANES; lane++) {
                        for (int j = 0; j < COLUMNS; j++) {
                            sum[i][j] += a[i * STRIDE + v * DILATION][lane] * w[v][lane][j];
                        }
                    }
                }
            }
        }
    }
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLUMNS; j++) {
            if (x + i < OUT0_W && column + j * LOCAL < OUT0_C4) {
                finish(place_out0(n, y, x + i), column + j * LOCAL, sum[i][j]);
            }
        }
    }
}
