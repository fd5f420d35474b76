// One call of the kernel for the texel of the first output at this fragment and layer.
uniform int layer;
#for i OUTPUTS
layout(location = $i) out vec4 to$i;
#end
void main() {
    ivec2 f = ivec2(gl_FragCoord.xy), block = f / ivec2(OUT0_BW, OUT0_BH);
    f -= block * ivec2(OUT0_BW, OUT0_BH);
    int c4 = (block.y * OUT0_BX + block.x << OUT0_G_BITS) + (layer >> OUT0_PX_BITS + OUT0_PY_BITS);
    int x = (f.x << OUT0_PX_BITS) + (layer & (OUT0_PX - 1)), y = (f.y << OUT0_PY_BITS) + (layer >> OUT0_PX_BITS & (OUT0_PY - 1));
#if OUT0_LINE
    x += y * OUT0_FOLD;
    int n = x / OUT0_W;
    x %= OUT0_W;
    y = 0;
#else
    int n = y / OUT0_HP;
    y %= OUT0_HP;
#endif
    if (n < OUT0_N && c4 < OUT0_C4 && y < OUT0_H && x < OUT0_W) {
        kernel(n, c4, y, x);
    }
#for i OUTPUTS
    to$i = result_out$i;
#end
}
