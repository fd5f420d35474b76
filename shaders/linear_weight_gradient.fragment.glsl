// dW[o,i] = Σ_p dy[o,p]·x[i,p] in PARTS parts of the places: PHASES outputs and OUT0_G groups of inputs a fragment
#define PLACES (IN0_N * IN0_H * IN0_W)
#define OUTPUTS_PADDED (4 * IN1_C4)
// Four places at a time stand side by side in rows of a matrix.
#define STEP (IN0_LINE == 1 && IN0_PX == 4 ? 4 : 1)
void main() {
    ivec2 f = ivec2(gl_FragCoord.xy), block = f / ivec2(OUT0_BW, OUT0_BH);
    int c4 = (block.y * OUT0_BX + block.x) * OUT0_G;
    f -= block * ivec2(OUT0_BW, OUT0_BH);
    int row = f.y * OUT0_FOLD + f.x * PHASES, part = row / OUTPUTS_PADDED, o4 = min(row % OUTPUTS_PADDED >> 2, IN1_C4 - 1);
    int size = (((PLACES + PARTS - 1) / PARTS) + STEP - 1) / STEP * STEP, end = min((part + 1) * size, PLACES);
    vec4 sum[LAYERS];
#for i LAYERS
    sum[$i] = vec4(0.0);
#end
#if IN0_LINE == 1 && IN0_PX == 4
    ivec2 from_dy = corner_in1(o4);
    int first_dy = layer_in1(o4, 0, 0);
#for g OUT0_G
    int group$g = min(c4 + $g, IN0_C4 - 1), first_x$g = layer_in0(group$g, 0, 0);
    ivec2 from_x$g = corner_in0(group$g);
#end
    for (int p = part * size; p < end; p += 4) {
        ivec2 at = spot_of_in0(p);
        at.x >>= 2;
#for q 4
        {
            vec4 dy = texelFetch(memory_in1, ivec3(from_dy + at, first_dy + $q), 0);
#if PLACES % 4 != 0
            bool there = p + $q < PLACES;
            dy = there ? dy : vec4(0.0);
#endif
#for g OUT0_G
            {
                vec4 x = texelFetch(memory_in0, ivec3(from_x$g + at, first_x$g + $q), 0);
#if PLACES % 4 != 0
                x = there ? x : vec4(0.0);
#endif
#for u PHASES
                sum[$g * PHASES + $u] += dy[$u] * x;
#end
            }
#end
        }
#end
    }
#else
    for (int p = part * size; p < end; p++) {
        vec4 dy = texel_in1(o4, spot_of_in1(p));
#for g OUT0_G
        {
            vec4 x = texel_in0(min(c4 + $g, IN0_C4 - 1), spot_of_in0(p));
#for u PHASES
            sum[$g * PHASES + $u] += dy[$u] * x;
#end
        }
#end
    }
#endif
#for i LAYERS
    to$i = sum[$i];
#end
}
