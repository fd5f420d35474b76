// in0: vectors of channels one after the other, four channels a texel; a
// single channel stands value by value. Lanes beyond the last channel may hold
// anything in memory.
#define IN0_C4 ((IN0_C + 3) / 4)
#if BUFFER_TEXTURES
layout(binding = IN0_BINDING) uniform highp samplerBuffer memory_in0;
#else
layout(std430, binding = IN0_BINDING) readonly restrict buffer MemoryIn0 {
#if IN0_C == 1
    float memory_in0[];
#else
    vec4 memory_in0[];
#endif
};
#endif
vec4 texel_in0(int i) {
#if BUFFER_TEXTURES
    return texelFetch(memory_in0, i);
#elif IN0_C == 1
    return vec4(memory_in0[i], 0.0, 0.0, 0.0);
#else
    return memory_in0[i];
#endif
}
#include "shared/lanes.glsl"
int place_in0(int n, int y, int x) {
    return (n * IN0_H + y) * IN0_W + x;
}
vec4 at4_in0(int place, int c4) {
    return lanes_in0(texel_in0(place * IN0_C4 + c4), c4);
}
float at_in0(int place, int c) {
    return texel_in0(place * IN0_C4 + (c >> 2))[c & 3];
}
vec4 load4_in0(int n, int c4, int y, int x) {
    return at4_in0(place_in0(n, y, x), c4);
}
float load_in0(int n, int c, int y, int x) {
    return at_in0(place_in0(n, y, x), c);
}
vec4 repeat4_in0(int n, int c4, int y, int x) {
    int place = place_in0(IN0_N == 1 ? 0 : n, IN0_H == 1 ? 0 : y, IN0_W == 1 ? 0 : x);
#if IN0_C == 1
    return texel_in0(place).xxxx;
#else
    return at4_in0(place, c4);
#endif
}
