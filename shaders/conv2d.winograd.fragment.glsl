// y = Aᵀ[(G·w·Gᵀ)⊙(Bᵀ·x·B)]A over tiles of 4 x 4 outputs: Winograd's F(4x4, 3x3) (Lavin and Gray 2016), the sums over
// channels being 36 matrix products
#if PASS == 0
// Row u of Bᵀ·d.
vec4 combined(int u, vec4 d0, vec4 d1, vec4 d2, vec4 d3, vec4 d4, vec4 d5) {
    vec4 a = d4 - 4.0 * d2, b = d3 - 4.0 * d1, c = d4 - d2, e = 2.0 * (d3 - d1);
    return u == 0 ? 4.0 * d0 - 5.0 * d2 + d4 : u == 1 ? a + b : u == 2 ? a - b : u == 3 ? c + e : u == 4 ? c - e : 4.0 * d1 - 5.0 * d3 + d5;
}
// The six transformed inputs of line u of a tile.
void main() {
    int tile = int(gl_FragCoord.x), c4 = int(gl_FragCoord.y) / 6, u = int(gl_FragCoord.y) - 6 * c4;
    int line = tile / ACROSS, n = min(line / DOWN, IN0_N - 1), top = (line - n * DOWN) * 4 - PAD_TOP, left = (tile - line * ACROSS) * 4 - PAD_LEFT;
    vec4 d[6];
#for v 6
    {
        vec4 x[6];
        int column = left + $v;
#for t 6
        {
            int row = top + $t;
            bool inside = uint(row) < uint(IN0_H) && uint(column) < uint(IN0_W);
            vec4 seen = load4_in0(n, c4, inside ? row : 0, inside ? column : 0);
            x[$t] = inside ? seen : vec4(0.0);
        }
#end
        d[$v] = combined(u, x[0], x[1], x[2], x[3], x[4], x[5]);
    }
#end
#for v 6
    to$v = combined($v, d[0], d[1], d[2], d[3], d[4], d[5]);
#end
}
#elif PASS == 1
// Four tiles and two groups of outputs of product m.
void main() {
    int tile = 4 * int(gl_FragCoord.x), m = int(gl_FragCoord.y) / PAIRS, o4 = 2 * (int(gl_FragCoord.y) - m * PAIRS), u = m / 6, v = m - 6 * u;
    vec4 sum[LAYERS];
#for i LAYERS
    sum[$i] = vec4(0.0);
#end
    ivec2 row = m * OUT0_C4 + min(ivec2(o4, o4 + 1), ivec2(OUT0_C4 - 1));
    for (int k4 = 0; k4 < IN0_C4; k4++) {
        vec4 x[4];
#for q 4
        x[$q] = texelFetch(memory_in0, ivec3(tile + $q, k4 * 6 + u, v), 0);
#end
#for g 2
#for lane 4
        {
            vec4 w = texelFetch(memory_in1, ivec3(4 * k4 + $lane, row[$g], 0), 0);
#for q 4
            sum[4 * $g + $q] += x[$q][$lane] * w;
#end
        }
#end
#end
    }
#for i LAYERS
    to$i = sum[$i];
#end
}
#else
#include "shared/finish.glsl"
// Line i of Aᵀ·m for six values m.
vec4 line_of(int i, vec4 m0, vec4 m1, vec4 m2, vec4 m3, vec4 m4, vec4 m5) {
    return i == 0 ? m0 + m1 + m2 + m3 + m4 : i == 1 ? m1 - m2 + 2.0 * (m3 - m4) : i == 2 ? m1 + m2 + 4.0 * (m3 + m4) : m1 - m2 + 8.0 * (m3 - m4) + m5;
}
// Two lines of four outputs: half a tile.
void main() {
    ivec2 f = ivec2(gl_FragCoord.xy), block = f / ivec2(OUT0_BW, OUT0_BH);
    int o4 = block.y * OUT0_BX + block.x;
    f -= block * ivec2(OUT0_BW, OUT0_BH);
    int n = f.y / (OUT0_HP / 2), pair = f.y - n * (OUT0_HP / 2), lower = pair & 1;
    int tile = (n * DOWN + (pair >> 1)) * ACROSS + f.x;
    ivec3 at = ivec3(tile >> 2, o4 >> 1, (tile & 3) + 4 * (o4 & 1));
    vec4 top[6], bottom[6];
#for v 6
    {
        vec4 m[6];
#for u 6
        m[$u] = texelFetch(memory_in0, at + ivec3(0, ($u * 6 + $v) * PAIRS, 0), 0);
#end
        vec4 a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], e = m[3] - m[4];
        top[$v] = lower == 0 ? m[0] + a + c : a + 4.0 * c;
        bottom[$v] = lower == 0 ? b + 2.0 * e : b + 8.0 * e + m[5];
    }
#end
    vec4 y[LAYERS];
#for i 4
    y[$i] = line_of($i, top[0], top[1], top[2], top[3], top[4], top[5]);
    y[4 + $i] = line_of($i, bottom[0], bottom[1], bottom[2], bottom[3], bottom[4], bottom[5]);
#end
#for i LAYERS
    to$i = finished(y[$i], o4, $i);
#end
}
#endif
