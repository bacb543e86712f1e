import { Link } from 'react-router'

export default function Front() {
  return (
    <main>
      <h1>Hello from React Router</h1>
      <Link to="/hello/ann">ann</Link>
    </main>
  )
}
