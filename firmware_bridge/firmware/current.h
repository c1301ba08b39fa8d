/* A motor's current from a clamp: the root mean square of a window of samples about their own mean. */
#ifndef CURRENT_H
#define CURRENT_H

#include <stdbool.h>
#include <stdint.h>

#define WINDOW_SAMPLES 200u /* at one a millisecond: ten periods at 50 Hz, twelve at 60 Hz */
#define REFERENCE_MV 5000u
#define FULL_SCALE 1024u

struct current {
    uint16_t samples;
    uint32_t sum;
    uint32_t squares;
};

/* Take one sample of the converter (0 to 1023); true when a window is full and `*ma` was set from it. */
bool current_sample(struct current *current, uint16_t level, uint16_t clamp_ma, uint16_t *ma);

#endif
