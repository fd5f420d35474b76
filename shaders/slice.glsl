// y[.., i, ..] = x[.., START+i, ..] along AXIS
void kernel(int n, int c4, int y, int x) {
#if AXIS == 0
    store4_out0(n, c4, y, x, load4_in0(n + START, c4, y, x));
#elif AXIS == 2
    store4_out0(n, c4, y, x, load4_in0(n, c4, y + START, x));
#elif AXIS == 3
    store4_out0(n, c4, y, x, load4_in0(n, c4, y, x + START));
#else
    vec4 v;
    for (int lane = 0; lane < 4; lane++) {
        v[lane] = load_in0(n, min(START + 4 * c4 + lane, IN0_C - 1), y, x);
    }
    store4_out0(n, c4, y, x, v);
#endif
}
