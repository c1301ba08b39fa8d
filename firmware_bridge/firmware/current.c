#include "current.h"

static uint32_t root(uint32_t value)
{
    uint32_t result = 0;
    for (uint32_t bit = 1ul << 30; bit != 0; bit >>= 2) {
        if (value >= result + bit) {
            value -= result + bit;
            result = (result >> 1) + bit;
        } else {
            result >>= 1;
        }
    }
    return result;
}

/* In sixteenths of a step, so that a small current is not lost to whole ones. */
static uint32_t deviation_sixteenths(const struct current *current)
{
    uint32_t mean = current->sum / WINDOW_SAMPLES, rest = current->sum % WINDOW_SAMPLES;
    uint32_t about_mean = current->squares - mean * (current->sum + rest) - rest * rest / WINDOW_SAMPLES;
    return root((uint32_t)((uint64_t)about_mean * 256 / WINDOW_SAMPLES));
}

bool current_sample(struct current *current, uint16_t level, uint16_t clamp_ma, uint16_t *ma)
{
    current->sum += level;
    current->squares += (uint32_t)level * level;
    if (++current->samples < WINDOW_SAMPLES)
        return false;
    uint32_t millivolts = deviation_sixteenths(current) * REFERENCE_MV / FULL_SCALE / 16;
    uint32_t measured = millivolts * clamp_ma / 1000;
    *ma = measured > UINT16_MAX ? UINT16_MAX : (uint16_t)measured;
    *current = (struct current){0};
    return true;
}
