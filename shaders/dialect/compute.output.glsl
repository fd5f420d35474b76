// out0, arranged like the inputs.
#define OUT0_C4 ((OUT0_C + 3) / 4)
layout(std430, binding = OUT0_BINDING) writeonly restrict buffer MemoryOut0 {
#if OUT0_C == 1
    float memory_out0[];
#else
    vec4 memory_out0[];
#endif
};
int place_out0(int n, int y, int x) {
    return (n * OUT0_H + y) * OUT0_W + x;
}
void put4_out0(int place, int c4, vec4 v) {
#if OUT0_C == 1
    memory_out0[place] = v.x;
#else
    memory_out0[place * OUT0_C4 + c4] = v;
#endif
}
void store4_out0(int n, int c4, int y, int x, vec4 v) {
    put4_out0(place_out0(n, y, x), c4, v);
}
void store_out0(int n, int c, int y, int x, float v) {
#if OUT0_C == 1
    memory_out0[place_out0(n, y, x)] = v;
#else
    memory_out0[place_out0(n, y, x) * OUT0_C4 + (c >> 2)][c & 3] = v;
#endif
}
