// kernels.Activation.
#define RELU 1
#define LEAKY_RELU 2
#define SILU 3
#define SIGMOID 4
vec4 activation(vec4 x) {
#if ACTIVATION == RELU
    return max(x, 0.0);
#elif ACTIVATION == LEAKY_RELU
    return mix(SLOPE * x, x, greaterThan(x, vec4(0.0)));
#elif ACTIVATION == SILU
    return x / (1.0 + exp(-x));
#elif ACTIVATION == SIGMOID
    return 1.0 / (1.0 + exp(-x));
#else
    return x;
#endif
}
vec4 activation_slope(vec4 x) {
#if ACTIVATION == RELU
    return vec4(greaterThan(x, vec4(0.0)));
#elif ACTIVATION == LEAKY_RELU
    return mix(vec4(SLOPE), vec4(1.0), greaterThan(x, vec4(0.0)));
#elif ACTIVATION == SILU
    vec4 s = 1.0 / (1.0 + exp(-x));
    return s * (1.0 + x * (1.0 - s));
#elif ACTIVATION == SIGMOID
    vec4 s = 1.0 / (1.0 + exp(-x));
    return s * (1.0 - s);
#else
    return vec4(1.0);
#endif
}
