// in0: a texture array arranged by package fragment. Lanes beyond the last channel
// and spare texels may hold anything.
#define IN0_C4 ((IN0_C + 3) / 4)
uniform sampler2DArray memory_in0;
#include "shared/lanes.glsl"
// The texel of a group of four channels in cell 0.
ivec2 corner_in0(int c4) {
    int block = c4 >> IN0_G_BITS;
#if IN0_NX == IN0_BLOCKS
    return ivec2(block, 0);
#else
    return ivec2(block % IN0_NX, block / IN0_NX * IN0_BH);
#endif
}
// What a cell adds to it.
ivec2 cell_in0(ivec2 cell) {
    return ivec2(cell.x * IN0_NX, cell.y);
}
int layer_in0(int c4, int v, int u) {
    return (((c4 & (IN0_G - 1)) << IN0_PY_BITS) + v << IN0_PX_BITS) + u;
}
vec4 texel_in0(int c4, ivec2 spot) {
    ivec2 at = corner_in0(c4) + cell_in0(spot >> ivec2(IN0_PX_BITS, IN0_PY_BITS));
    return texelFetch(memory_in0, ivec3(at, layer_in0(c4, spot.y & (IN0_PY - 1), spot.x & (IN0_PX - 1))), 0);
}
ivec2 spot_of_in0(int place) {
#if IN0_LINE && IN0_BW > 1
    int cell = place >> IN0_PX_BITS;
    return ivec2((cell / IN0_BH << IN0_PX_BITS) + (place & (IN0_PX - 1)), cell % IN0_BH);
#elif IN0_LINE
    return ivec2(place & (IN0_PX - 1), place >> IN0_PX_BITS);
#else
    int row = place / IN0_W;
    return ivec2(place % IN0_W, row / IN0_H * IN0_HP + row % IN0_H);
#endif
}
ivec2 spot_in0(int n, int y, int x) {
#if IN0_LINE
    return spot_of_in0(n * IN0_W + x);
#else
    return ivec2(x, n * IN0_HP + y);
#endif
}
int place_in0(int n, int y, int x) {
    return (n * IN0_H + y) * IN0_W + x;
}
vec4 at4_in0(int place, int c4) {
    return lanes_in0(texel_in0(c4, spot_of_in0(place)), c4);
}
float at_in0(int place, int c) {
    return texel_in0(c >> 2, spot_of_in0(place))[c & 3];
}
vec4 load4_in0(int n, int c4, int y, int x) {
    return lanes_in0(texel_in0(c4, spot_in0(n, y, x)), c4);
}
float load_in0(int n, int c, int y, int x) {
    return texel_in0(c >> 2, spot_in0(n, y, x))[c & 3];
}
vec4 repeat4_in0(int n, int c4, int y, int x) {
    ivec2 spot = spot_in0(IN0_N == 1 ? 0 : n, IN0_H == 1 ? 0 : y, IN0_W == 1 ? 0 : x);
#if IN0_C == 1
    return texel_in0(0, spot).xxxx;
#else
    return lanes_in0(texel_in0(c4, spot), c4);
#endif
}
