// One call of the kernel for the texel of the first output at this fragment and layer.
uniform int layer;
#for i OUTPUTS
layout(location = $i) out vec4 to$i;
#end
void main() {
    int c4;
    ivec2 cell = cell_out0(ivec2(gl_FragCoord.xy), c4);
    c4 += layer >> OUT0_PX_BITS + OUT0_PY_BITS;
    int u = layer & (OUT0_PX - 1), v = layer >> OUT0_PX_BITS & (OUT0_PY - 1);
#if OUT0_LINE
    int x = (cell.x * OUT0_BH + cell.y << OUT0_PX_BITS) + u, n = x / OUT0_W, y = 0;
    x -= n * OUT0_W;
#else
    int x = (cell.x << OUT0_PX_BITS) + u, y = (cell.y << OUT0_PY_BITS) + v, n = y / OUT0_HP;
    y -= n * OUT0_HP;
#endif
    if (n < OUT0_N && c4 < OUT0_C4 && y < OUT0_H && x < OUT0_W) {
        kernel(n, c4, y, x);
    }
#for i OUTPUTS
    to$i = result_out$i;
#end
}
