// y[k, o] = w[o, c, u, v], k = (u, v, c) with c filled up to whole texels by zeros, o in panels of OUT0_C: weights as
// matrix products read them
void kernel(int n, int c4, int y, int x) {
    int c = x % (4 * IN0_C4), uv = x / (4 * IN0_C4);
    vec4 v;
    for (int lane = 0; lane < 4; lane++) {
        int o = n * OUT0_C + 4 * c4 + lane;
        bool there = c < IN0_C && o < IN0_N;
        float w = load_in0(there ? o : 0, there ? c : 0, uv / IN0_W, uv % IN0_W);
        v[lane] = there ? w : 0.0;
    }
    store4_out0(n, c4, y, x, v);
}
