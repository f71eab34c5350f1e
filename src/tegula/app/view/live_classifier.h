// app/view/live_classifier.h — a classifier as it is looked at.
#pragma once

#include "tegula/app/view/live_prediction.h"

namespace tegula::app {

/// Sets all of a request that the classifier decides; image and plane stay. kUnsupported for a classifier with what
/// cannot be shown where one looks; errors of Apply (classifier.h).
Status Apply(const Classifier& classifier, LiveRequest& request);

}  // namespace tegula::app
