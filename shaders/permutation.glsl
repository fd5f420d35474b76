// y[i] = π(start + i mod ROWS), π an eight-round Feistel network walked until below ROWS
#include "shared/threefry.glsl"
void kernel(int n, int c4, int y, int x) {
    uint half_bits = 1u;
    while (1u << (2u * half_bits) < uint(ROWS)) {
        half_bits++;
    }
    uint mask = (1u << half_bits) - 1u, v = (uint(at_in1(0, 0)) + uint(x)) % uint(ROWS);
    uvec2 key = counter_key();
    do {
        uint l = v >> half_bits, r = v & mask;
        for (uint round = 0u; round < 8u; round++) {
            uint next = l ^ (threefry(key, uvec2(r, round)).x & mask);
            l = r;
            r = next;
        }
        v = l << half_bits | r;
    } while (v >= uint(ROWS));
    put4_out0(x, 0, vec4(float(v)));
}
