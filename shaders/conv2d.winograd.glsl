// y = Aᵀ[(G·w·Gᵀ)⊙(Bᵀ·x·B)]A over tiles of 4 x 4 outputs: Winograd's F(4x4, 3x3) (Lavin and Gray 2016), the sums over
// channels as 36 matrix products between the two passes of this file
#define TILE_OF(x) (((x) + 3) / 4)
#if PASS == 0
// Bᵀ·d along one line.
void transform(inout vec4 d[6]) {
    vec4 a = d[4] - 4.0 * d[2], b = d[3] - 4.0 * d[1], c = d[4] - d[2], e = 2.0 * (d[3] - d[1]);
    d[0] = 4.0 * d[0] - 5.0 * d[2] + d[4];
    d[5] = 4.0 * d[1] - 5.0 * d[3] + d[5];
    d[1] = a + b;
    d[2] = a - b;
    d[3] = c + e;
    d[4] = c - e;
}
// Tile x of all pictures: 36 sums of the inputs that its outputs see.
void kernel(int n, int c4, int y, int x) {
    int across = TILE_OF(RESULT_W), line = x / across;
    int picture = line / TILE_OF(RESULT_H), top = line % TILE_OF(RESULT_H) * 4 - PAD_TOP, left = x % across * 4 - PAD_LEFT;
    vec4 d[6][6];
    for (int u = 0; u < 6; u++) {
        for (int v = 0; v < 6; v++) {
            int yy = top + u, xx = left + v;
            bool inside = yy >= 0 && yy < IN0_H && xx >= 0 && xx < IN0_W;
            vec4 value = load4_in0(picture, c4, inside ? yy : 0, inside ? xx : 0);
            d[u][v] = inside ? value : vec4(0.0);
        }
        transform(d[u]);
    }
    for (int v = 0; v < 6; v++) {
        vec4 column[6];
        for (int u = 0; u < 6; u++) {
            column[u] = d[u][v];
        }
        transform(column);
        for (int u = 0; u < 6; u++) {
            store4_out0(u * 6 + v, c4, 0, x, column[u]);
        }
    }
}
#else
#include "shared/epilogue.glsl"
// Aᵀ·m along one line.
vec4[4] transform(vec4 m[6]) {
    vec4 p = m[1] + m[2], q = m[1] - m[2], r = m[3] + m[4], s = m[3] - m[4];
    return vec4[4](m[0] + p + r, q + 2.0 * s, p + 4.0 * r, q + 8.0 * s + m[5]);
}
// The 4 x 4 outputs of tile x.
void kernel(int n, int c4, int y, int x) {
    int across = TILE_OF(OUT0_W), line = x / across;
    int picture = line / TILE_OF(OUT0_H), top = line % TILE_OF(OUT0_H) * 4, left = x % across * 4;
    vec4 half_way[6][4];
    for (int u = 0; u < 6; u++) {
        vec4 m[6];
        for (int v = 0; v < 6; v++) {
            m[v] = load4_in0(u * 6 + v, c4, 0, x);
        }
        half_way[u] = transform(m);
    }
    for (int j = 0; j < 4; j++) {
        vec4 column[6];
        for (int u = 0; u < 6; u++) {
            column[u] = half_way[u][j];
        }
        vec4 result[4] = transform(column);
        for (int i = 0; i < 4; i++) {
            if (top + i < OUT0_H && left + j < OUT0_W) {
                finish(place_out0(picture, top + i, left + j), c4, result[i]);
            }
        }
    }
}
#endif
