// One pass over memory per parameter for the optimizers' steps.
#include "guard.h"
