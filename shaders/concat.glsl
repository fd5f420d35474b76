// y[.., OFFSET+i, ..] = x[.., i, ..] along AXIS for each input x and its OFFSET
void kernel(int n, int c4, int y, int x) {
    vec4 v = vec4(0.0);
#for k INPUTS
#if AXIS != 1
    ivec3 at$k = ivec3(n, y, x) - OFFSET$k * ivec3(AXIS == 0, AXIS == 2, AXIS == 3);
    if (all(greaterThanEqual(at$k, ivec3(0))) && all(lessThan(at$k, ivec3(IN$k_N, IN$k_H, IN$k_W)))) {
        v = load4_in$k(at$k.x, c4, at$k.y, at$k.z);
    }
#elif OFFSET$k % 4 == 0
    // Lanes beyond the last channel are zero and set by the next input.
    if (c4 >= OFFSET$k / 4 && c4 < OFFSET$k / 4 + IN$k_C4) {
        v = load4_in$k(n, c4 - OFFSET$k / 4, y, x);
    }
#else
    for (int lane = 0; lane < 4; lane++) {
        int c = 4 * c4 + lane - OFFSET$k;
        if (c >= 0 && c < IN$k_C) {
            v[lane] = load_in$k(n, c, y, x);
        }
    }
#endif
#end
    store4_out0(n, c4, y, x, v);
}
