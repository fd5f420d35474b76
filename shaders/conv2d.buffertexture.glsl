// y[n,o,i,j] = f(Σ_u Σ_v Σ_c x[n,c, i·s−top+u·d, j·s−left+v·d]·w[(u,v,c), o] + bias[o] + residual[n,o,i,j]):
// ROWS neighbours along j x COLUMNS·4 outputs in registers; neighbours share the texels of x that their windows share
#include "shared/epilogue.glsl"
#include "shared/weights.glsl"
#define BLOCKS ((OUT0_W + ROWS - 1) / ROWS)
// Of a few channels only those there are take part.
#define LANES (IN0_C < 4 ? IN0_C : 4)
// A wide window of some stride is taken in PHASES: the columns of one remainder by it at a time.
#define TAPS ((KERNEL + PHASES - 1) / PHASES)
#define STEP (STRIDE / PHASES)
#define SPAN ((ROWS - 1) * STEP + (TAPS - 1) * DILATION + 1)
void main() {
    int block = int(gl_WorkGroupID.x + first_group), line = block / BLOCKS;
    int n = line / OUT0_H, y = line % OUT0_H, x = block % BLOCKS * ROWS;
    int lane_id = int(gl_LocalInvocationID.x), column = int(gl_WorkGroupID.y) * PANEL + lane_id;
    vec4 sum[ROWS][COLUMNS];
    for (int j = 0; j < COLUMNS; j++) {
        for (int i = 0; i < ROWS; i++) {
            sum[i][j] = vec4(0.0);
        }
    }
    for (int turn = 0; turn < KERNEL * PHASES; turn++) {
        int u = turn / PHASES, phase = turn % PHASES, yy = y * STRIDE - PAD_TOP + u * DILATION;
        bool lies = yy >= 0 && yy < IN0_H;
        // A loop of one turn would stay a loop, and all sums pass through memory once more.
#if IN0_C4 == 1
        {
            const int k4 = 0;
#else
        for (int k4 = 0; k4 < IN0_C4; k4++) {
#endif
            vec4 w[TAPS][LANES][COLUMNS], a[SPAN];
            for (int v = 0; v < TAPS; v++) {
                int tap = v * PHASES + phase, k = ((u * KERNEL + min(tap, KERNEL - 1)) * IN0_C4 + k4) * 4;
                for (int lane = 0; lane < LANES; lane++) {
                    for (int j = 0; j < COLUMNS; j++) {
                        vec4 texel = texel_in1(weight_at(0, k + lane, lane_id + j * LOCAL));
                        w[v][lane][j] = tap < KERNEL ? texel : vec4(0.0);
                    }
                }
            }
            for (int i = 0; i < SPAN; i++) {
                int xx = x * STRIDE - PAD_LEFT + i * PHASES + phase;
                bool inside = lies && xx >= 0 && xx < IN0_W;
                vec4 texel = texel_in0(place_in0(n, inside ? yy : 0, inside ? xx : 0) * IN0_C4 + k4);
                a[i] = inside ? lanes_in0(texel, k4) : vec4(0.0);
            }
            // One row of sums at a time stays in registers over the window's row.
            for (int i = 0; i < ROWS; i++) {
                for (int v = 0; v < TAPS; v++) {
                    for (int lane = 0; lane < LANES; lane++) {
                        for (int j = 0; j < COLUMNS; j++) {
                            sum[i][j] += a[i * STEP + v * DILATION][lane] * w[v][lane][j];
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
