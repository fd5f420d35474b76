// v with 0 in the lanes beyond the last channel.
vec4 lanes_in0(vec4 v, int c4) {
#if IN0_C % 4 == 1
    return c4 == IN0_C4 - 1 ? vec4(v.x, 0.0, 0.0, 0.0) : v;
#elif IN0_C % 4 == 2
    return c4 == IN0_C4 - 1 ? vec4(v.xy, 0.0, 0.0) : v;
#elif IN0_C % 4 == 3
    return c4 == IN0_C4 - 1 ? vec4(v.xyz, 0.0) : v;
#else
    return v;
#endif
}
