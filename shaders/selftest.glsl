// y[i] = one number for each thing that a driver may get wrong: what is asked of whole numbers, of floats and of functions
uniform int layer;
layout(location = 0) out vec4 to0;
layout(location = 1) out vec4 to1;
layout(location = 2) out vec4 to2;
layout(location = 3) out vec4 to3;
void main() {
    // Nothing here may be computed by the compiler.
    int one = layer + 1;
    float unit = float(one);
    // Whole numbers of 32 bits, their products, shifts and remainders.
    int wide = 40000 * one, product = 46341 * (wide + 6340);
    uint mixed = uint(wide) * 2654435769u;
    to0 = vec4(float(wide), float(product >> 16 & 0xffff), float(mixed >> 16), float((wide * 5 + 3) % 1013));
    // Floats of 24 bits, read from a texture as they are kept there.
    vec4 kept = texelFetch(memory_in0, ivec3(0), 0);
    to1 = vec4((16777215.0 * unit - 16777214.0), (unit + 1.1920929e-7) - 1.0, kept.x, kept.y);
    to2 = vec4(sqrt(2.0 * unit), exp(-unit), 1.0 / (3.0 * unit), float(floatBitsToInt(1.5 * unit) >> 20));
    // Of several targets each keeps its own.
    to3 = vec4(3.0, 4.0, 5.0, 6.0) * unit;
}
