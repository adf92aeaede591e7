"""Measures Bayesian factorization machines by myFM on MovieLens 100K, with implicit feedback of both sides;
Cartelera's `bayes` is compared with them.

    pip install myfm
    python tests/bench/peers/myfm_bayes.py ML/u.data FOLDS [SWEEPS]

Prints the RMSE of the mean of the samples on each fold, and ratings (rows times sweeps) per CPU-second.
"""

import sys
import time

import numpy as np
import scipy.sparse as sp
from myfm import MyFMGibbsRegressor, RelationBlock

data = np.loadtxt(sys.argv[1], dtype=np.int64)
folds = np.loadtxt(sys.argv[2], dtype=np.int64)
sweeps = int(sys.argv[3]) if len(sys.argv) > 3 else 300
user, item, rating = data[:, 0] - 1, data[:, 1] - 1, data[:, 2].astype(float)
n_users, n_items = user.max() + 1, item.max() + 1


def block(own, other, n_own, n_other):
    """One row for each id: the id itself, and each id on the other side that it was rated with, as 1/√n."""
    seen = sp.csr_matrix((np.ones(len(own)), (own, other)), shape=(n_own, n_other))
    count = np.asarray(seen.sum(axis=1)).ravel()
    scaled = sp.diags(1 / np.sqrt(np.maximum(count, 1))) @ seen
    return sp.hstack([sp.identity(n_own), scaled]).tocsr()


errors, cpu, rows = [], 0.0, 0
for fold in np.unique(folds):
    train, test = folds != fold, folds == fold
    parts = {"train": train, "test": test}
    users = block(user[train], item[train], n_users, n_items)
    items = block(item[train], user[train], n_items, n_users)
    sizes = [n_users, n_items, n_items, n_users]
    groups = [g for g, size in enumerate(sizes) for _ in range(size)]
    blocks = {name: [RelationBlock(user[at], users), RelationBlock(item[at], items)] for name, at in parts.items()}
    began = time.process_time()
    model = MyFMGibbsRegressor(rank=10)
    model.fit(None, rating[train], X_rel=blocks["train"], grouping=groups, n_iter=sweeps, n_kept_samples=sweeps - 50)
    cpu += time.process_time() - began
    rows += train.sum() * sweeps
    predicted = np.clip(model.predict(None, blocks["test"]), 1, 5)
    errors.append(np.sqrt(np.mean((predicted - rating[test]) ** 2)))
    print(f"fold {fold}: RMSE {errors[-1]:.4f}", flush=True)
print(f"mean RMSE {np.mean(errors):.4f}, {rows / cpu / 1e6:.2f} million ratings per CPU-second")
