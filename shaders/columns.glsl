// y[k, o] = w[o, c, u, v], k = (u, v, c) with c filled up to whole texels by zeros: weights as matrix products read them
void kernel(int n, int c4, int y, int x) {
    int c = x % (4 * IN0_C4), uv = x / (4 * IN0_C4);
    vec4 v;
    for (int lane = 0; lane < 4; lane++) {
        int o = min(4 * c4 + lane, IN0_N - 1);
        v[lane] = c < IN0_C ? load_in0(o, min(c, IN0_C - 1), uv / IN0_W, uv % IN0_W) : 0.0;
    }
    store4_out0(n, c4, y, x, v);
}
