// y[.., OFFSET+i, ..] = x[.., i, ..] along AXIS, one pass for each input
void kernel(int n, int c4, int y, int x) {
    vec4 v = load4_in0(n, c4, y, x);
#if AXIS == 0
    store4_out0(n + OFFSET, c4, y, x, v);
#elif AXIS == 2
    store4_out0(n, c4, y + OFFSET, x, v);
#elif AXIS == 3
    store4_out0(n, c4, y, x + OFFSET, v);
#elif OFFSET % 4 == 0
    // Lanes beyond the last channel are overwritten by the next input's pass.
    store4_out0(n, c4 + OFFSET / 4, y, x, v);
#else
    for (int lane = 0; lane < 4; lane++) {
        if (4 * c4 + lane < IN0_C) {
            store_out0(n, OFFSET + 4 * c4 + lane, y, x, v[lane]);
        }
    }
#endif
}
