// y[i,j] = x between the samples around the source coordinate of (i, j)
#define CORNERS 1
#define NEAREST 2
// The first sample and the second's weight. Whole numbers keep the coordinate exact.
void taps(int i, int size, int source, out int first, out int second, out float weight) {
#if KIND == NEAREST
    int above = i * source, below = size;
#elif KIND == CORNERS
    int above = i * (source - 1), below = max(size - 1, 1);
#else
    int above = max((2 * i + 1) * source - size, 0), below = 2 * size;
#endif
    first = min(above / below, source - 1);
    second = min(first + 1, source - 1);
    weight = KIND == NEAREST ? 0.0 : float(above - first * below) / float(below);
}
void kernel(int n, int c4, int y, int x) {
    int y0, y1, x0, x1;
    float fy, fx;
    taps(y, HEIGHT, IN0_H, y0, y1, fy);
    taps(x, WIDTH, IN0_W, x0, x1, fx);
    vec4 top = mix(load4_in0(n, c4, y0, x0), load4_in0(n, c4, y0, x1), fx);
    vec4 bottom = mix(load4_in0(n, c4, y1, x0), load4_in0(n, c4, y1, x1), fx);
    store4_out0(n, c4, y, x, mix(top, bottom, fy));
}
