"""Is my dimension estimate real? TwoNN on two clouds in 20 dimensions, each beside Gaussians of the same covariance.

A sphere's surface has 2 dimensions where its covariance has 3. A Gaussian cloud with few large variances is low-dimensional
for no other reason than its covariance: the estimate is low, and so is that of its null.
"""

import numpy as np

from repdyn.geometry.dimension import two_nearest_dimension
from repdyn.geometry.neighbours import matched_gaussians, nearest

rng = np.random.default_rng(0)


def estimate(cloud):
    return two_nearest_dimension(nearest(cloud, 2).distance)


turn = np.linalg.qr(rng.standard_normal((20, 20)))[0]
sphere = rng.standard_normal((1000, 3))
sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
clouds = {
    "a sphere's surface": sphere @ turn[:3],
    "a Gaussian with few large variances": rng.standard_normal((1000, 20)) * 2.0 ** -np.arange(20) @ turn,
}
for name, cloud in clouds.items():
    null = [estimate(gaussian) for gaussian in matched_gaussians(cloud, 20, rng)]
    found = estimate(cloud)
    verdict = "beyond" if found < min(null) or found > max(null) else "within"
    print(f"{name}: {found:.1f} dimensions, {verdict} the {min(null):.1f} to {max(null):.1f} of its covariance")
