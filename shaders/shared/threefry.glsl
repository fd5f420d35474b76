// Threefry-2x32 with 20 rounds (Salmon et al. 2011): two random words from a key
// and a counter.
uvec2 threefry(uvec2 key, uvec2 counter) {
    uint keys[3] = uint[3](key.x, key.y, 0x1BD11BDAu ^ key.x ^ key.y);
    const int rotations[8] = int[8](13, 15, 26, 6, 17, 29, 16, 24);
    uvec2 x = counter + key;
    for (int block = 0; block < 5; block++) {
        for (int r = 0; r < 4; r++) {
            int by = rotations[(block & 1) * 4 + r];
            x.x += x.y;
            x.y = (x.y << by | x.y >> (32 - by)) ^ x.x;
        }
        x += uvec2(keys[(block + 1) % 3], keys[(block + 2) % 3] + uint(block + 1));
    }
    return x;
}
// The key stands in input 0 as four numbers below 2^16.
uvec2 counter_key() {
    return uvec2(uint(at_in0(0, 0)) | uint(at_in0(1, 0)) << 16, uint(at_in0(2, 0)) | uint(at_in0(3, 0)) << 16);
}
