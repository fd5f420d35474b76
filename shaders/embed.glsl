// y[.., i, ..] = x[.., i−START, ..] along AXIS, zeros elsewhere
void kernel(int n, int c4, int y, int x) {
#if AXIS == 1
    vec4 v;
    for (int lane = 0; lane < 4; lane++) {
        int c = 4 * c4 + lane - START;
        v[lane] = c >= 0 && c < IN0_C ? load_in0(n, clamp(c, 0, IN0_C - 1), y, x) : 0.0;
    }
    store4_out0(n, c4, y, x, v);
#else
    ivec3 at = ivec3(n, y, x) - START * ivec3(AXIS == 0, AXIS == 2, AXIS == 3), last = ivec3(IN0_N, IN0_H, IN0_W) - 1;
    ivec3 inside = clamp(at, ivec3(0), last);
    store4_out0(n, c4, y, x, at == inside ? load4_in0(inside.x, c4, inside.y, inside.z) : vec4(0.0));
#endif
}
