// y[n,o,i,j] = f(Σ_c Σ_u Σ_v w[o,c,u,v]·x[n, c, i·s−top+u·d, j·s−left+v·d] + bias[o] + residual[n,o,i,j]): OUT0_PX x OUT0_PY
// places and OUT0_G groups of outputs a fragment, TAPS lines of the window a turn
#include "shared/finish.glsl"
#define TURNS (KERNEL / TAPS)
// The line and column of x that stand at place r, c of the window that this fragment sees.
#if TAPS == 1
#define LINE_AT(r) ((r) * STRIDE + turn * DILATION - PAD_TOP)
#define LINE_OF(v, t) (v)
#else
#define LINE_AT(r) ((r) - PAD_TOP)
#define LINE_OF(v, t) ((v) * STRIDE + (t) * DILATION)
#endif
#define COLUMN_AT(c) ((c) - PAD_LEFT)
void main() {
    ivec2 f = ivec2(gl_FragCoord.xy), block = f / ivec2(OUT0_BW, OUT0_BH);
    int o4 = (block.y * OUT0_BX + block.x) * OUT0_G;
    f -= block * ivec2(OUT0_BW, OUT0_BH);
    int n = f.y / (OUT0_HP / OUT0_PY), top = (f.y - n * (OUT0_HP / OUT0_PY)) * OUT0_PY * STRIDE, left = f.x * OUT0_PX * STRIDE;
    vec4 sum[LAYERS];
#for i LAYERS
    sum[$i] = vec4(0.0);
#end
    for (int k4 = 0; k4 < IN0_C4; k4++) {
        ivec2 corner = corner_in0(k4) + ivec2(0, n * (IN0_HP / IN0_PY));
        int first = layer_in0(k4, 0, 0);
#if TAPS < KERNEL
        for (int turn = 0; turn < KERNEL; turn++) {
#else
        {
            const int turn = 0;
#endif
            vec4 x[LINES * ACROSS];
#for r LINES
#for c ACROSS
            {
#if FIXED_Y
                int line = (top >> IN0_PY_BITS) + (LINE_AT($r) >> IN0_PY_BITS), v = LINE_AT($r) & (IN0_PY - 1);
#else
                int line = top + LINE_AT($r) >> IN0_PY_BITS, v = top + LINE_AT($r) & (IN0_PY - 1);
#endif
#if FIXED_X
                int column = (left >> IN0_PX_BITS) + (COLUMN_AT($c) >> IN0_PX_BITS), u = COLUMN_AT($c) & (IN0_PX - 1);
#else
                int column = left + COLUMN_AT($c) >> IN0_PX_BITS, u = left + COLUMN_AT($c) & (IN0_PX - 1);
#endif
                vec4 seen = texelFetch(memory_in0, ivec3(corner + ivec2(column, line), first + (v << IN0_PX_BITS) + u), 0);
#if PADDED
                bool inside = uint(top + LINE_AT($r)) < uint(IN0_H) && uint(left + COLUMN_AT($c)) < uint(IN0_W);
                seen = inside ? seen : vec4(0.0);
#endif
                x[$r * ACROSS + $c] = lanes_in0(seen, k4);
            }
#end
#end
#for t TAPS
#for h KERNEL
#for g OUT0_G
            {
                int tap = (o4 + $g) * (KERNEL * KERNEL) + (turn + $t) * KERNEL + $h;
#for lane LANES
                vec4 w$lane = texelFetch(memory_in1, ivec3(4 * k4 + $lane, tap, 0), 0);
#end
#for v OUT0_PY
#for u OUT0_PX
                {
                    vec4 a = x[LINE_OF($v, $t) * ACROSS + $u * STRIDE + $h * DILATION];
#for lane LANES
                    sum[($g * OUT0_PY + $v) * OUT0_PX + $u] += a[$lane] * w$lane;
#end
                }
#end
#end
            }
#end
#end
#end
        }
    }
#for i LAYERS
    to$i = finished(sum[$i], o4 + $i / (OUT0_PX * OUT0_PY), $i);
#end
}
