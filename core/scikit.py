"""What is used of scikit-learn, imported here and nowhere else, for the reason that core.backend gives."""

from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression

__all__ = ["CountVectorizer", "KMeans", "LogisticRegression", "TfidfTransformer", "TfidfVectorizer", "load_digits"]
