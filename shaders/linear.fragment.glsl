// y[p,o] = f(Σ_k x[p,k]·w[k,o] + bias[o] + residual[p,o]): PHASES neighbouring places and OUT0_G groups of outputs a fragment
#include "shared/finish.glsl"
#define ROWS 1
#define TRANSPOSED_ROWS 2
// The weights of input channel k for the outputs of group o, or of four inputs for output 4·o + lane.
vec4 weight(int k4, int lane, int o) {
#if WEIGHTS == ROWS
    return texel_in1(k4, spot_of_in1(min(4 * o + lane, OUT0_C - 1)));
#elif WEIGHTS == TRANSPOSED_ROWS
    return texel_in1(min(o, OUT0_C4 - 1), spot_of_in1(min(4 * k4 + lane, IN0_C - 1)));
#else
    return texelFetch(memory_in1, ivec3(4 * k4 + lane, o, 0), 0);
#endif
}
void main() {
    ivec2 f = ivec2(gl_FragCoord.xy), block = f / ivec2(OUT0_BW, OUT0_BH);
    int o4 = (block.y * OUT0_BX + block.x) * OUT0_G;
    f -= block * ivec2(OUT0_BW, OUT0_BH);
    vec4 sum[PHASES * OUT0_G];
#for i LAYERS
    sum[$i] = vec4(0.0);
#end
    for (int from = 0; from < IN0_C4; from += IN0_G) {
        ivec2 at = corner_in0(from) + f;
#for h IN0_G
        {
            // A group beyond the last channel counts nothing.
            int k4 = min(from + $h, IN0_C4 - 1);
            bool there = from + $h < IN0_C4;
            vec4 x[PHASES];
#for q PHASES
            x[$q] = lanes_in0(texelFetch(memory_in0, ivec3(at, $h * PHASES + $q), 0), k4);
#if IN0_C4 % IN0_G != 0
            x[$q] = there ? x[$q] : vec4(0.0);
#endif
#end
#for g OUT0_G
#if WEIGHTS == ROWS
#for lane 4
            {
                vec4 w = weight(k4, $lane, o4 + $g);
#for q PHASES
                sum[$g * PHASES + $q][$lane] += dot(x[$q], w);
#end
            }
#end
#else
#for lane LANES
            {
                vec4 w = weight(k4, $lane, o4 + $g);
#for q PHASES
                sum[$g * PHASES + $q] += x[$q][$lane] * w;
#end
            }
#end
#endif
#end
        }
#end
    }
#for i LAYERS
    to$i = finished(sum[$i], o4 + $i / PHASES, $i);
#end
}
