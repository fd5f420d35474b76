// out0: a kernel stores only where it stands.
#define OUT0_C4 ((OUT0_C + 3) / 4)
vec4 result_out0 = vec4(0.0);
int place_out0(int n, int y, int x) {
    return (n * OUT0_H + y) * OUT0_W + x;
}
void put4_out0(int place, int c4, vec4 v) {
    result_out0 = v;
}
void store4_out0(int n, int c4, int y, int x, vec4 v) {
    result_out0 = v;
}
// The cell and the first group of four channels at a texel.
ivec2 cell_out0(ivec2 texel, out int c4) {
#if OUT0_NX == OUT0_BLOCKS
    int x = texel.x / OUT0_NX;
    c4 = (texel.x - x * OUT0_NX) * OUT0_G;
    return ivec2(x, texel.y);
#else
    ivec2 cell = texel / ivec2(OUT0_NX, OUT0_BH);
    texel -= cell * ivec2(OUT0_NX, OUT0_BH);
    c4 = (cell.y * OUT0_NX + texel.x) * OUT0_G;
    return ivec2(cell.x, texel.y);
#endif
}
